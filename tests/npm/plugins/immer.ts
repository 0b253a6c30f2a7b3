import { applyPatches, current, enableMapSet, enablePatches, original, produce, produceWithPatches } from 'immer';

enablePatches();
enableMapSet();

export async function handle() {
  const base = { a: { b: [1, 2, 3] }, m: new Map([['x', 1]]), untouched: {} };
  const next = produce(base, (draft) => {
    draft.a.b.push(4);
    draft.m.set('y', 2);
  });
  const [changed, patches, inverse] = produceWithPatches({ list: [1, 2] }, (draft) => {
    draft.list[0] = original(draft)!.list[1] + current(draft).list.length;
    draft.list.pop();
  });
  const frozen = (() => {
    try {
      (next.a as { b: number[] }).b.push(5);
      return 'not frozen';
    } catch (error) {
      return (error as Error).name;
    }
  })();
  return {
    next: [next.a.b, [...next.m]],
    base: [base.a.b, [...base.m]],
    same: base.untouched === next.untouched,
    changed,
    patches,
    undone: applyPatches(changed, inverse),
    frozen,
  };
}
