/** Where one price band ends and the next begins. */
const bands = [25, 50, 100, 250, 500, 1000];

/** The facets of a category or a brand that are named; the rest is too small to choose from. */
const mostNamed = 20;

/** What `counted` reads of a match. */
export const facetColumns = 'p.category_id, p.brand, p.effective_price, p.rating_average';

/** One pass over `matches`, grouped four ways at once. */
export const countedFacets = `
  counted AS MATERIALIZED (
    SELECT category_id, brand, band, stars, grouping(category_id, brand, band, stars) AS others, count(*) AS count
      FROM (SELECT category_id, brand, width_bucket(effective_price::float8, ARRAY[${bands.join(', ')}]::float8[]) AS band,
                   floor(rating_average)::integer AS stars FROM matches) AS match
     GROUP BY GROUPING SETS ((category_id), (brand), (band), (stars)))`;

const list = (fields: string, source: string): string =>
  `(SELECT coalesce(json_agg(json_build_object(${fields}, 'count', f.count) ORDER BY f.count DESC, f.place), '[]') FROM (${source}) AS f)`;

/** The bits of `others` are the columns that a row is not grouped by. */
export const facets = `json_build_object(
  'category', ${list(`'id', f.id, 'name', f.name`, `
    SELECT c.id, c.name, top.count, c.id AS place FROM categories c JOIN
           (SELECT * FROM counted WHERE others = 7 ORDER BY count DESC, category_id LIMIT ${mostNamed}) AS top ON c.id = top.category_id`)},
  'brand', ${list(`'value', f.brand`, `
    SELECT brand, count, brand AS place FROM counted WHERE others = 11 AND brand IS NOT NULL ORDER BY count DESC, brand LIMIT ${mostNamed}`)},
  'price', ${list(`'min', (ARRAY[0, ${bands.join(', ')}])[f.band + 1], 'max', (ARRAY[${bands.join(', ')}])[f.band + 1]`, `
    SELECT band, count, band AS place FROM counted WHERE others = 13`)},
  'rating', ${list(`'min', f.min`, `
    SELECT min, sum(count)::integer AS count, min AS place FROM generate_series(1, 4) AS min JOIN counted ON stars >= min
     WHERE others = 14 GROUP BY min`)})`; // prettier-ignore
