import type { CategoryNode } from './categories.dto.js';

export interface FlatCategory {
  readonly id: number;
  readonly name: string;
  readonly slug: string;
  readonly parent_id: number | null;
  /** Of the category alone. */
  readonly product_count: number;
}

/**
 * One pass forth and one back over rows in which a parent comes before its children, siblings in the order they are to have. A row whose
 * parent is missing is left out, with all that is below it. `depth` cuts the tree after the counts are made.
 */
export function buildTree(rows: readonly FlatCategory[], depth = Infinity): CategoryNode[] {
  const nodes = new Map<number, { readonly node: CategoryNode; readonly level: number }>();
  const roots: CategoryNode[] = [];
  for (const { id, name, slug, parent_id, product_count } of rows) {
    const parent = parent_id === null ? undefined : nodes.get(parent_id);
    if (parent_id !== null && !parent) continue;
    const level = (parent?.level ?? 0) + 1;
    const node: CategoryNode = { id, name, slug, parent_id, product_count, children: [] };
    nodes.set(id, { node, level });
    if (level <= depth) (parent?.node.children ?? roots).push(node);
  }
  for (const { node } of [...nodes.values()].toReversed()) {
    const parent = node.parent_id === null ? undefined : nodes.get(node.parent_id);
    if (parent) parent.node.product_count += node.product_count;
  }
  return roots;
}
