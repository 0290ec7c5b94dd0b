import { Problem } from '@app/common';
import type { ProductSearch } from '../products.dto.js';

type SortBy = NonNullable<ProductSearch['sort_by']>;

interface Sort {
  /** SQL of the value that is sorted by, over `products p` and, for popularity, `product_popularity pp`. */
  readonly key: string;
  readonly isDescending: boolean;
  /** The value as text for a cursor: exact, and the same whatever the session's settings, since it must find the very row again. */
  readonly write: (key: string) => string;
  /** The text back as a value. It comes from the client: `pattern` admits nothing that could fail. */
  readonly read: (placeholder: string) => string;
  readonly pattern: RegExp;
}

const plain = (type: string): Pick<Sort, 'write' | 'read'> => ({
  write: (key) => `${key}::text`,
  read: (placeholder) => `${placeholder}::${type}`,
});

const sorts: Record<SortBy, Sort> = {
  // Its key is made of the words, where they are known.
  relevance: { key: 'NULL', isDescending: true, ...plain('real'), pattern: /^\d(\.\d{1,13})?(e-[0-3]?\d)?$/ },
  name: { key: 'p.name', isDescending: false, ...plain('text'), pattern: /^.{1,200}$/s },
  price: { key: 'p.effective_price', isDescending: false, ...plain('numeric'), pattern: /^\d{1,8}(\.\d\d?)?$/ },
  created_at: {
    key: 'p.created_at',
    isDescending: false,
    // Microseconds: a cursor as a date could name days that there are not.
    write: (key) => `(extract(epoch FROM ${key}) * 1000000)::bigint::text`,
    read: (placeholder) => `(timestamptz 'epoch' + ${placeholder}::bigint * interval '1 microsecond')`,
    pattern: /^-?\d{1,16}$/,
  },
  rating: { key: 'coalesce(p.rating_average, 0)', isDescending: true, ...plain('numeric'), pattern: /^\d(\.\d\d?)?$/ },
  popularity: { key: 'pp.order_count', isDescending: true, ...plain('integer'), pattern: /^\d{1,9}$/ },
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
  const direction = (order ?? (sort.isDescending ? 'desc' : 'asc')) === 'desc' ? 'DESC' : 'ASC';
  return { ...sort, by, direction, kind: `products:${by}:${direction}` };
}

export interface SeenRow {
  readonly value: string;
  readonly id: number;
}

/** The last row seen, from a cursor; 400 when it does not fit the order. */
export function seenRow(after: readonly unknown[], sort: ChosenSort): SeenRow {
  const [value, id] = after;
  if (after.length === 2 && typeof value === 'string' && sort.pattern.test(value) && Number.isSafeInteger(id)) {
    return { value, id: Number(id) };
  }
  const message = 'not a cursor that this service gave out';
  throw new Problem(400, 'invalid-input', 'The request is not valid', message, { errors: [{ pointer: '/cursor', message }] });
}
