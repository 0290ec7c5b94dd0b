import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { Term } from './spelling.js';

// A swap of two letters is two plain edits, so two are looked for always; the distance in code decides. The vocabulary is read through
// for words that it does not have, and for those only.
const candidates = `
  SELECT given.word AS given, term.word, term.document_count
    FROM unnest($1::text[]) AS given (word)
    LEFT JOIN search_terms AS known ON known.word = given.word
    LEFT JOIN LATERAL (
      (SELECT known.word, known.document_count WHERE known.word IS NOT NULL)
      UNION
      (SELECT word, document_count FROM search_terms
        WHERE known.word IS NULL AND length(word) BETWEEN length(given.word) - 2 AND length(given.word) + 2
          AND levenshtein_less_equal(word, given.word, 2) <= 2
        ORDER BY levenshtein_less_equal(word, given.word, 2), document_count DESC, word LIMIT 50)
      UNION
      (SELECT word, document_count FROM search_terms
        WHERE length(given.word) >= 3 AND word LIKE '%' || given.word || '%' ORDER BY document_count DESC, word LIMIT 50)
    ) AS term ON true
   WHERE numnode(plainto_tsquery('techmart_simple', given.word)) > 0`;

/** Longer words are nobody's. */
const longestWord = 60;

@Injectable()
export class SearchTermsRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Words of the catalogue that are near each given one, or hold it. Those that say nothing are left out, as the search leaves them out. */
  async findCandidates(words: readonly string[]): Promise<Map<string, Term[]>> {
    const short = [...new Set(words)].filter((word) => word.length <= longestWord);
    const rows = await this.dataSource.query<{ given: string; word: string | null; document_count: number }[]>(candidates, [short]);
    const byWord = new Map<string, Term[]>(words.filter((word) => word.length > longestWord).map((word) => [word, []]));
    for (const { given, word, document_count } of rows) {
      const terms = byWord.get(given) ?? [];
      byWord.set(given, word === null ? terms : [...terms, { word, document_count }]);
    }
    return byWord;
  }
}
