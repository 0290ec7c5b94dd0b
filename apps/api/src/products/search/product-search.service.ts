import { Injectable } from '@nestjs/common';
import { pageWindow, paginate, type PageWindow } from '../../http/page.js';
import type { ProductSearch, ProductsPage } from '../products.dto.js';
import type { Parameters } from './search-conditions.js';
import { ProductSearchRepository, type Found } from './product-search.repository.js';
import { chooseSort, seenRow, type ChosenSort } from './search-sort.js';
import { isGathered, mostCounted, searchStatement } from './search-statement.js';
import { SearchTermsRepository } from './search-terms.repository.js';
import { exactQuery, expandedQuery, parseSearchText, type SearchText } from './search-text.js';
import { containing, corrections, type Term } from './spelling.js';

/** Fewer matches than this, and other spellings are tried. */
const few = 3;

interface Expansion {
  readonly alternatives: readonly (readonly string[])[];
  readonly corrected: string;
}

/** Finds products; the one way for lists, searches and the pages of a category. */
@Injectable()
export class ProductSearchService {
  constructor(
    private readonly products: ProductSearchRepository,
    private readonly terms: SearchTermsRepository,
  ) {}

  async search(filters: ProductSearch): Promise<ProductsPage> {
    const sort = chooseSort(filters);
    const window = pageWindow(filters, sort.kind);
    const text = filters.query === undefined ? undefined : parseSearchText(filters.query);
    const exact = await this.find(filters, window, sort, text && ((parameters) => exactQuery(text, parameters)));
    const expansion = text && exact.total < few ? await this.expand(text) : undefined;
    if (!expansion) return this.page(filters, window, sort, exact);
    const wide = await this.find(filters, window, sort, (parameters) => expandedQuery(expansion.alternatives, parameters));
    if (wide.total <= exact.total) return this.page(filters, window, sort, exact);
    return { ...(await this.page(filters, window, sort, wide)), corrected_query: expansion.corrected };
  }

  private find(
    filters: ProductSearch,
    window: PageWindow,
    sort: ChosenSort,
    tsquery: ((parameters: Parameters) => string) | undefined,
  ): Promise<Found> {
    const seen = window.after ? seenRow(window.after, sort) : undefined;
    return this.products.find(searchStatement({ filters, window, sort, seen, tsquery }));
  }

  private async page(filters: ProductSearch, window: PageWindow, sort: ChosenSort, found: Found): Promise<ProductsPage> {
    const isEstimate = !isGathered(filters) && found.total > mostCounted;
    const count = isEstimate ? Math.max(found.total, await this.products.estimate(filters)) : found.total;
    const { rows, pagination } = paginate(
      found.rows,
      window,
      { count, isEstimate },
      { kind: sort.kind, key: (row) => [row.seen_value, row.id] },
    );
    const products = rows.map(({ seen_value: _, ...row }) => row);
    return { products, pagination, ...(found.facets ? { facets: found.facets } : {}) };
  }

  /** For each word the words it may stand for; undefined when some word is like none of the catalogue's. */
  private async expand({ words }: SearchText): Promise<Expansion | undefined> {
    if (words.length === 0) return undefined;
    const candidates = await this.terms.findCandidates(words);
    const alternatives = words.map((word) => alternativesOf(word, candidates.get(word) ?? []));
    if (alternatives.some((list) => list.length === 0)) return undefined;
    return { alternatives, corrected: alternatives.map((list) => list[0]).join(' ') };
  }
}

/** A word of the catalogue stands for itself and the words that hold it; any other for the nearest ones, or those that hold it. */
function alternativesOf(word: string, candidates: readonly Term[]): string[] {
  const holding = containing(word, candidates);
  if (candidates.some((term) => term.word === word)) return [...new Set([word, ...holding])];
  // Numbers are in no vocabulary, and are never misspelt into something near.
  if (/\d/.test(word)) return [word];
  const near = corrections(word, candidates);
  return near.length > 0 ? near : holding;
}
