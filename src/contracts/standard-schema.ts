// The part of the Standard Schema v1 interface that `validate` uses (https://standardschema.dev).

/** A schema of any library that implements Standard Schema: Zod, Valibot, ArkType and others. */
export interface StandardSchema {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult | Promise<StandardResult>;
  };
}

/** What a schema says of a value: without `issues` it is valid. */
export interface StandardResult {
  readonly issues?: readonly { readonly message: string }[] | undefined;
}
