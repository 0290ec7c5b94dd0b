import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { Term } from './spelling.js';

// A swap of two letters is two plain edits, so two are looked for always; the distance in code decides.
const candidates = `
  SELECT given.word AS given, term.word, term.document_count
    FROM unnest($1::text[]) AS given (word)
    CROSS JOIN LATERAL (
      (SELECT word, document_count FROM search_terms
        WHERE length(word) BETWEEN length(given.word) - 2 AND length(given.word) + 2
          AND levenshtein_less_equal(word, given.word, 2) <= 2
        ORDER BY levenshtein_less_equal(word, given.word, 2), document_count DESC, word LIMIT 50)
      UNION
      (SELECT word, document_count FROM search_terms
        WHERE length(given.word) >= 3 AND word LIKE '%' || given.word || '%' ORDER BY document_count DESC, word LIMIT 50)
    ) AS term`;

@Injectable()
export class SearchTermsRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Words of the catalogue that are near each given one, or hold it. Words over 60 letters are nobody's. */
  async findCandidates(words: readonly string[]): Promise<Map<string, Term[]>> {
    const rows = await this.dataSource.query<(Term & { given: string })[]>(candidates, [words.filter((word) => word.length <= 60)]);
    const byWord = new Map<string, Term[]>(words.map((word) => [word, []]));
    for (const { given, ...term } of rows) byWord.get(given)?.push(term);
    return byWord;
  }
}
