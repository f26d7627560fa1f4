// All orders in which actors can take their steps: the permutations of a multiset, where each actor's own order stands.

/** Every interleaving of `steps[i]` steps of actor `i`, as lists of actors. */
export function interleavings(steps: readonly number[]): number[][] {
  if (steps.every((count) => count === 0)) return [[]];
  return steps.flatMap((count, actor) => {
    if (count === 0) return [];
    const rest = steps.map((other, index) => (index === actor ? other - 1 : other));
    return interleavings(rest).map((order) => [actor, ...order]);
  });
}

/** How many there are: a multinomial coefficient. */
export function countInterleavings(steps: readonly number[]): number {
  const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));
  return steps.reduce((count, own) => count / factorial(own), factorial(steps.reduce((sum, own) => sum + own, 0)));
}
