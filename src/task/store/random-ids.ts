/** Places in the backlog that are looked at where there is too much to look at all of it. */
export const PROBES = 300

/** $2 ids between the first and the last of an ordered query; ids are made of the time, so they spread over the backlog. */
export function randomIds(ordered: string): string {
  return `
    SELECT (lpad(to_hex((b."low" + random() * (b."high" - b."low"))::bigint), 12, '0') || '00000000000000000000')::uuid AS "id"
    FROM (SELECT ('x' || substr(replace(l."id"::text, '-', ''), 1, 12))::bit(48)::bigint AS "low",
      ('x' || substr(replace(h."id"::text, '-', ''), 1, 12))::bit(48)::bigint AS "high"
      FROM (${ordered} LIMIT 1) AS l, (${ordered} DESC LIMIT 1) AS h) AS b, generate_series(1, $2::int)`
}
