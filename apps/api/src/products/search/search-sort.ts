import { Problem } from '@app/common';
import type { ProductSearch } from '../products.dto.js';

type SortBy = NonNullable<ProductSearch['sort_by']>;

interface Sort {
  /** SQL of the value that is sorted by, over `products p` and, for popularity, `product_popularity pp`. */
  readonly key: string;
  /** What a cursor's value is cast to, and what it must look like before: it comes back from the client. */
  readonly type: string;
  readonly value: RegExp;
  readonly descending: boolean;
}

const number = /^\d{1,12}(\.\d{1,12})?(e[-+]?\d{1,3})?$/;
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

const sorts: Record<SortBy, Sort> = {
  // The statement that ranks puts its own key here.
  relevance: { key: 'rank', type: 'real', value: number, descending: true },
  name: { key: 'p.name', type: 'text', value: /^.{1,200}$/s, descending: false },
  price: { key: 'p.effective_price', type: 'numeric', value: number, descending: false },
  created_at: { key: 'p.created_at', type: 'timestamptz', value: instant, descending: false },
  rating: { key: 'coalesce(p.rating_average, 0)', type: 'numeric', value: number, descending: true },
  popularity: { key: 'pp.order_count', type: 'integer', value: /^\d{1,9}$/, descending: true },
};

export interface ChosenSort extends Sort {
  readonly by: SortBy;
  readonly direction: 'ASC' | 'DESC';
  /** Names the list that a cursor belongs to. */
  readonly kind: string;
}

/** Relevance means something only when words were searched for; without them it is the name. */
export function chooseSort({ query, sort_by: wanted, sort_order: order }: ProductSearch): ChosenSort {
  const fallback = query === undefined ? 'name' : 'relevance';
  const by = wanted === undefined || (wanted === 'relevance' && query === undefined) ? fallback : wanted;
  const sort = sorts[by];
  const direction = (order ?? (sort.descending ? 'desc' : 'asc')) === 'desc' ? 'DESC' : 'ASC';
  return { ...sort, by, direction, kind: `products:${by}:${direction}` };
}

export interface SeenRow {
  readonly value: string;
  readonly id: number;
}

/** The last row seen, from a cursor; 400 when it does not fit the order. */
export function seenRow(after: readonly unknown[], sort: ChosenSort): SeenRow {
  const [value, id] = after;
  if (typeof value === 'string' && sort.value.test(value) && Number.isSafeInteger(id)) return { value, id: Number(id) };
  const message = 'not a cursor that this service gave out';
  throw new Problem(400, 'invalid-input', 'The request is not valid', message, { errors: [{ pointer: '/cursor', message }] });
}
