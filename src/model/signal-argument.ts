// An AbortSignal among the arguments of a cached function, by itself or as `signal` of an object of options.

interface Options {
  readonly signal?: unknown;
}

/** Whether an argument is an object of options with a signal. Instances of classes are left alone. */
function carriesSignal(argument: object): argument is { readonly signal: AbortSignal } {
  if (Object.getPrototypeOf(argument) !== Object.prototype) return false;
  const { signal } = argument as Options;
  return typeof signal === "object" && signal instanceof AbortSignal;
}

/** The caller's signal, which bounds his wait; `undefined` where there is none. */
export function signalIn(args: readonly unknown[]): AbortSignal | undefined {
  for (let i = 0; i < args.length; i++) {
    const argument = args[i];
    if (typeof argument !== "object" || argument === null) continue;
    if (argument instanceof AbortSignal) return argument;
    if (carriesSignal(argument)) return argument.signal;
  }
  return undefined;
}

/** The arguments with the signal of the flight in place of the caller's: the run goes on for all who wait for it. */
export function withSignal(args: unknown[], flight: { readonly signal: AbortSignal }): unknown[] {
  if (signalIn(args) === undefined) return args;
  return args.map((argument) => {
    if (argument instanceof AbortSignal) return flight.signal;
    const isOptions = typeof argument === "object" && argument !== null && carriesSignal(argument);
    return isOptions ? { ...argument, signal: flight.signal } : argument;
  });
}
