import { buildTree, type FlatCategory } from './category-tree.js';

const row = (id: number, parent_id: number | null, product_count: number): FlatCategory => ({
  id,
  name: `Name ${id}`,
  slug: `slug-${id}`,
  parent_id,
  product_count,
});

// 1 holds 3 and 2, in this order; 4 is below 2; the parent of 5 is missing, and 6 is below 5.
const rows = [row(1, null, 1), row(3, 1, 10), row(2, 1, 100), row(4, 2, 1000), row(5, 99, 7), row(6, 5, 7)];

describe('buildTree', () => {
  it('nests children in the order of the rows and counts whole subtrees', () => {
    const [root, ...others] = buildTree(rows);
    expect(others).toEqual([]);
    expect(root).toMatchObject({ id: 1, parent_id: null, product_count: 1111 });
    expect(root?.children.map(({ id, product_count }) => [id, product_count])).toEqual([
      [3, 10],
      [2, 1100],
    ]);
    expect(root?.children[1]?.children).toEqual([{ ...row(4, 2, 1000), children: [] }]);
  });

  it('cuts the tree at a depth without losing what is below from the counts', () => {
    const [root] = buildTree(rows, 2);
    expect(root?.product_count).toBe(1111);
    expect(root?.children.map(({ product_count, children }) => [product_count, children])).toEqual([
      [10, []],
      [1100, []],
    ]);
  });
});
