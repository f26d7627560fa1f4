// Templates as the compiler reads them: indexes that no parameter has, properties that are missing, unknown formats.

/** Names of the formats. */
type Format = "hash" | "lower" | "iso";

type Failed<Placeholder extends string, Why extends string> = `{${Placeholder}} ${Why}`;

/**
 * `unknown` for templates that fit the parameters, else a text for the compiler to show. Names of parameters cannot be
 * seen here, and nothing is said of `this`, whose private properties cannot be seen either.
 */
export type CheckTemplates<Templates extends string, Args> = [Args] extends [never]
  ? unknown
  : [Templates] extends [never]
    ? unknown
    : [Failures<Templates, Args>] extends [never]
      ? unknown
      : Failures<Templates, Args>;

/** The failures of each member of a union of templates; none of a template that is not known. */
type Failures<Template extends string, Args> = Template extends unknown
  ? string extends Template
    ? never
    : FailuresIn<Template, Args>
  : never;

type FailuresIn<Template extends string, Args> = Template extends `${string}{${infer Behind}`
  ? Behind extends `{${infer Literal}`
    ? FailuresIn<Literal, Args>
    : Behind extends `${infer Placeholder}}${infer Others}`
      ? CheckPlaceholder<Placeholder, Args> | FailuresIn<Others, Args>
      : never
  : never;

type CheckPlaceholder<Placeholder extends string, Args> = Placeholder extends `${infer Path}:${infer Name}`
  ? Name extends Format
    ? CheckPath<Path, Args, Placeholder>
    : Failed<Placeholder, "must name a known format (hash, lower, iso)">
  : CheckPath<Placeholder, Args, Placeholder>;

type CheckPath<
  Path extends string,
  Args,
  Placeholder extends string,
> = Path extends `${infer Index}.${infer Properties}`
  ? Index extends `${number}`
    ? CheckIndex<Index, Args, Properties, Placeholder>
    : never
  : Path extends `${number}`
    ? CheckIndex<Path, Args, "", Placeholder>
    : never;

type CheckIndex<
  Index extends string,
  Args,
  Properties extends string,
  Placeholder extends string,
> = Args extends readonly unknown[]
  ? Index extends keyof Args
    ? CheckProperties<Args[Index], Properties, Placeholder>
    : number extends Args["length"]
      ? CheckProperties<Args[number], Properties, Placeholder>
      : Failed<Placeholder, "is out of range: the method has fewer parameters">
  : never;

type CheckProperties<Value, Properties extends string, Placeholder extends string> = Properties extends ""
  ? never
  : unknown extends Value
    ? never
    : Properties extends `${infer First}.${infer Others}`
      ? CheckProperty<NonNullable<Value>, First, Others, Placeholder>
      : CheckProperty<NonNullable<Value>, Properties, "", Placeholder>;

type CheckProperty<Value, Name extends string, Others extends string, Placeholder extends string> =
  Name extends KeysOf<Value>
    ? CheckProperties<Property<Value, Name>, Others, Placeholder>
    : Failed<Placeholder, `has a missing property: ${Name}`>;

/** The properties that any member of a union has. */
type KeysOf<Value> = Value extends unknown
  ? Value extends readonly unknown[]
    ? keyof Value | `${number}`
    : keyof Value extends infer Key
      ? Key extends number
        ? Key | `${Key}`
        : Key
      : never
  : never;

type Property<Value, Name extends string> = Value extends unknown
  ? Name extends keyof Value
    ? Value[Name]
    : Value extends readonly (infer Member)[]
      ? Member
      : unknown
  : never;
