import type { MigrationInterface, QueryRunner } from 'typeorm';

const extensions = [
  `CREATE EXTENSION IF NOT EXISTS unaccent`,
  `CREATE EXTENSION IF NOT EXISTS pg_trgm`,
  // levenshtein(), to rank what the trigrams find.
  `CREATE EXTENSION IF NOT EXISTS fuzzystrmatch`,
];

// Two readings of a text: stems, which match the forms of a word, and whole words, of which any beginning matches. A stem alone
// would not do for the word still being typed: "running" is kept as "run", which does not begin with "runni".
const configurations = [
  `CREATE TEXT SEARCH CONFIGURATION techmart (COPY = english)`,
  `ALTER TEXT SEARCH CONFIGURATION techmart ALTER MAPPING FOR word, hword, hword_part WITH unaccent, english_stem`,
  `CREATE TEXT SEARCH DICTIONARY techmart_words (TEMPLATE = simple, STOPWORDS = english)`,
  `CREATE TEXT SEARCH CONFIGURATION techmart_simple (COPY = simple)`,
  `ALTER TEXT SEARCH CONFIGURATION techmart_simple ALTER MAPPING FOR asciiword, asciihword, hword_asciipart WITH techmart_words`,
  `ALTER TEXT SEARCH CONFIGURATION techmart_simple ALTER MAPPING FOR word, hword, hword_part WITH unaccent, techmart_words`,
];

const vector = `
  ALTER TABLE products ADD COLUMN search_vector tsvector NOT NULL GENERATED ALWAYS AS (
    setweight(to_tsvector('techmart', name), 'A') ||
    setweight(to_tsvector('techmart_simple', name), 'A') ||
    setweight(to_tsvector('techmart', coalesce(brand, '')), 'B') ||
    setweight(to_tsvector('techmart_simple', coalesce(brand, '')), 'B') ||
    setweight(to_tsvector('techmart', coalesce(short_description, '') || ' ' || coalesce(description, '')), 'C')
  ) STORED`;

const terms = `
  CREATE TABLE search_terms (
    word text PRIMARY KEY,
    document_count integer NOT NULL,
    CONSTRAINT search_terms_document_count_check CHECK (document_count > 0)
  )`;

const indexes = [
  // Searches. The pending list is kept short, since every search reads it whole.
  `CREATE INDEX idx_product_search ON products USING gin (search_vector) WITH (gin_pending_list_limit = 256)`,
  // The brand filter: a part of the name, in any case.
  `CREATE INDEX idx_product_brand ON products USING gin (brand gin_trgm_ops) WITH (gin_pending_list_limit = 256)`,
  // Misspellings (%) and parts of a word (LIKE), over some thousand words instead of every product.
  `CREATE INDEX idx_search_term_word ON search_terms USING gin (word gin_trgm_ops)`,
];

const words = `
  CREATE FUNCTION product_words(name text, brand text) RETURNS SETOF text LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 8 AS $$
    SELECT lexeme FROM unnest(to_tsvector('techmart_simple', concat_ws(' ', name, brand))) WHERE lexeme ~ '^[[:alpha:]]{3,}$'
  $$`;

// Words are added at once, in one order, so that concurrent statements cannot wait for each other in a ring; nearly always
// all of them are known and nothing is written. Counts, and words that no product has any more, are the refresh's work.
const addWords = [
  `CREATE FUNCTION add_search_terms() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     INSERT INTO search_terms (word, document_count)
     SELECT found.word, count(*) FROM inserted, product_words(inserted.name, inserted.brand) AS found (word)
      WHERE NOT EXISTS (SELECT FROM search_terms known WHERE known.word = found.word)
      GROUP BY found.word ORDER BY found.word
     ON CONFLICT DO NOTHING;
     RETURN NULL;
   END $$`,
  `CREATE FUNCTION add_changed_search_terms() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     INSERT INTO search_terms (word, document_count)
     SELECT found.word, 1 FROM product_words(NEW.name, NEW.brand) AS found (word)
      WHERE NOT EXISTS (SELECT FROM search_terms known WHERE known.word = found.word)
      ORDER BY found.word
     ON CONFLICT DO NOTHING;
     RETURN NULL;
   END $$`,
  `CREATE TRIGGER products_add_search_terms AFTER INSERT ON products REFERENCING NEW TABLE AS inserted
     FOR EACH STATEMENT EXECUTE FUNCTION add_search_terms()`,
  // By row, since a transition table would be filled by every sale too.
  `CREATE TRIGGER products_add_changed_search_terms AFTER UPDATE OF name, brand ON products FOR EACH ROW
     WHEN ((OLD.name, OLD.brand) IS DISTINCT FROM (NEW.name, NEW.brand)) EXECUTE FUNCTION add_changed_search_terms()`,
];

const refresh = `
  CREATE FUNCTION refresh_search_terms() RETURNS bigint LANGUAGE sql AS $$
    WITH fresh AS MATERIALIZED (
      SELECT found.word, count(*)::integer AS document_count
        FROM products p, product_words(p.name, p.brand) AS found (word)
       GROUP BY found.word
    ), gone AS (
      DELETE FROM search_terms t WHERE NOT EXISTS (SELECT FROM fresh WHERE fresh.word = t.word) RETURNING 1
    ), written AS (
      INSERT INTO search_terms AS t (word, document_count)
      SELECT word, document_count FROM fresh ORDER BY word
      ON CONFLICT (word) DO UPDATE SET document_count = excluded.document_count WHERE t.document_count <> excluded.document_count
      RETURNING 1
    )
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM written)
  $$`;

export class Search1795478400007 implements MigrationInterface {
  readonly name = 'Search1795478400007';

  async up(runner: QueryRunner): Promise<void> {
    const statements = [...extensions, ...configurations, vector, terms, ...indexes, words, ...addWords, refresh];
    for (const statement of statements) await runner.query(statement);
  }

  /** The extensions stay: the server's owner may have made them, and others may use them. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER products_add_changed_search_terms ON products');
    await runner.query('DROP TRIGGER products_add_search_terms ON products');
    await runner.query('DROP FUNCTION refresh_search_terms(), add_changed_search_terms(), add_search_terms(), product_words(text, text)');
    await runner.query('DROP INDEX idx_product_brand');
    await runner.query('ALTER TABLE products DROP COLUMN search_vector');
    await runner.query('DROP TABLE search_terms');
    await runner.query('DROP TEXT SEARCH CONFIGURATION techmart_simple');
    await runner.query('DROP TEXT SEARCH CONFIGURATION techmart');
    await runner.query('DROP TEXT SEARCH DICTIONARY techmart_words');
  }
}
