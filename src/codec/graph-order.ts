// The order in which the nodes of a graph can be completed, and the cycles among them.

/**
 * Groups nodes that point to each other in a cycle, directly or through others; most groups are of one. A group comes
 * after all that its nodes point to. Tarjan's algorithm for strongly connected components ("Depth-first search and linear
 * graph algorithms", 1972), without recursion.
 * @param nodes where a pointer is `[n]`, to the n-th from 1
 */
export function groupsOf(nodes: readonly (readonly unknown[])[]): number[][] {
  const groups: number[][] = [];
  const order: (number | undefined)[] = [];
  const low: number[] = [];
  const open: number[] = [];
  const isOpen: boolean[] = [];
  const way: { readonly at: number; readonly targets: readonly number[]; next: number }[] = [];
  let count = 0;
  const enter = (at: number): void => {
    low[at] = order[at] = count++;
    isOpen[at] = true;
    open.push(at);
    way.push({ at, targets: targetsOf(nodes[at] ?? []), next: 0 });
  };
  const reach = (at: number, other: number): void => void (low[at] = Math.min(low[at] as number, other));
  for (const start of nodes.keys()) {
    if (order[start] === undefined) enter(start);
    for (let step = way.at(-1); step !== undefined; step = way.at(-1)) {
      const { at, targets } = step;
      const target = targets[step.next++];
      if (target === undefined) {
        way.pop();
        const above = way.at(-1);
        if (above !== undefined) reach(above.at, low[at] as number);
        if (low[at] === order[at]) groups.push(close(open, isOpen, at));
      } else if (order[target] === undefined) {
        enter(target);
      } else if (isOpen[target] === true) {
        reach(at, order[target]);
      }
    }
  }
  return groups;
}

/** Whether a node points to itself. */
export function pointsTo(node: readonly unknown[], index: number): boolean {
  return targetsOf(node).includes(index);
}

function close(open: number[], isOpen: boolean[], first: number): number[] {
  const group = open.splice(open.lastIndexOf(first));
  for (const at of group) isOpen[at] = false;
  return group;
}

function targetsOf(node: readonly unknown[]): number[] {
  const targets: number[] = [];
  for (const slot of node) {
    // `[]` is -0, and `[0, bytes]` a text.
    const number: unknown = Array.isArray(slot) ? slot[0] : undefined;
    if (typeof number === "number" && number > 0) targets.push(number - 1);
  }
  return targets;
}
