-- What waits, and what holds it ------------------------------------------------------------------------------------

-- What waits and cannot be claimed, grouped by what people ask about. What can be claimed stands in task_claim_idx, which is enough: another
-- index would cost every task that is made.
CREATE INDEX "task_waiting_idx" ON "task"("tenant", "queue", "status", "type", "placement", "priority", "ready_at")
    WHERE "status" IN ('PENDING', 'SCHEDULED', 'READY', 'RETRYING', 'WAITING', 'PAUSED') AND NOT "is_claimable";
DROP INDEX "task_claim_idx";
CREATE INDEX "task_claim_idx" ON "task"("tenant", "queue", "type", "placement", "generation", "order_key", "id")
    INCLUDE ("priority", "ready_at") WHERE "is_claimable";

-- The groups of what waits, each with its count; one row each, `counts` by how long the tasks have been READY: below the first of
-- `age_limits`, from the first to the second, and so on, the last without an end; one count for tasks that are not READY.
--
-- Counts go up to `max_count`; once `max_rows` have been counted in all, the rest goes up to 100. Where one ran into its limit `exact` is
-- false. Skips from group to group in task_claim_idx and task_waiting_idx, and counts in them alone; of what can be claimed all priorities of
-- a type and placement count together, those that come first in the order.
CREATE FUNCTION "waiting_groups"(
    of_tenant TEXT, of_queue TEXT, age_limits INTERVAL[], max_groups INTEGER, max_count INTEGER, max_rows INTEGER
) RETURNS TABLE (
    "queue" TEXT, "status" "task_status", "is_claimable" BOOLEAN, "type" TEXT, "placement" TEXT, "priority" "task_priority",
    "oldest_ready_at" TIMESTAMPTZ, "counts" INTEGER[], "exact" BOOLEAN[]
) LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    at TIMESTAMPTZ := clock_timestamp();
    ages INTEGER := cardinality(age_limits);
    rows_left INTEGER := max_rows;
    groups INTEGER := 0;
    room INTEGER;
    n INTEGER;
    age INTEGER;
    g RECORD;
    part RECORD;
BEGIN
    SELECT coalesce(of_queue, '') AS q, '' AS y, '' AS p INTO g;
    LOOP
        SELECT t."queue" AS q, t."type" AS y, t."placement" AS p INTO g FROM "task" AS t
        WHERE t."tenant" = of_tenant AND t."is_claimable" AND (t."queue", t."type", t."placement") > (g.q, g.y, g.p)
        ORDER BY t."queue", t."type", t."placement" LIMIT 1;
        EXIT WHEN NOT FOUND OR g.q <> of_queue OR groups >= max_groups;
        room := least(max_count, greatest(rows_left, 100));
        FOR part IN
            WITH seen AS MATERIALIZED (
                SELECT t."priority" AS r, t."ready_at" AS since, width_bucket(at - t."ready_at", age_limits) AS bucket FROM "task" AS t
                WHERE t."tenant" = of_tenant AND t."queue" = g.q AND t."type" = g.y AND t."placement" = g.p AND t."is_claimable"
                ORDER BY t."generation", t."order_key", t."id" LIMIT room
            ), counted AS MATERIALIZED (
                SELECT r, bucket, count(*)::INTEGER AS n, min(since) AS since FROM seen GROUP BY r, bucket
            )
            SELECT c.r, min(c.since) AS since, sum(c.n)::INTEGER AS n,
                ARRAY(SELECT coalesce((SELECT d.n FROM counted AS d WHERE d.r = c.r AND d.bucket = b), 0) FROM generate_series(0, ages) AS b ORDER BY b) AS by_age,
                (SELECT sum(d.n) FROM counted AS d) < room AS is_exact
            FROM counted AS c GROUP BY c.r ORDER BY c.r
        LOOP
            groups := groups + 1;
            rows_left := rows_left - part.n;
            "queue" := g.q; "status" := 'READY'; "is_claimable" := true; "type" := g.y; "placement" := g.p; "priority" := part.r;
            "oldest_ready_at" := part.since; "counts" := part.by_age; "exact" := array_fill(part.is_exact, ARRAY[ages + 1]);
            RETURN NEXT;
        END LOOP;
    END LOOP;

    SELECT coalesce(of_queue, '') AS q, 'PENDING'::"task_status" AS s, '' AS y, '' AS p, 'CRITICAL'::"task_priority" AS r INTO g;
    LOOP
        SELECT t."queue" AS q, t."status" AS s, t."type" AS y, t."placement" AS p, t."priority" AS r, t."ready_at" AS since INTO g
        FROM "task" AS t
        WHERE t."tenant" = of_tenant AND t."status" IN ('PENDING', 'SCHEDULED', 'READY', 'RETRYING', 'WAITING', 'PAUSED') AND NOT t."is_claimable"
            AND (t."queue", t."status", t."type", t."placement", t."priority") > (g.q, g.s, g.y, g.p, g.r)
        ORDER BY t."queue", t."status", t."type", t."placement", t."priority", t."ready_at" LIMIT 1;
        EXIT WHEN NOT FOUND OR g.q <> of_queue OR groups >= max_groups;
        groups := groups + 1;
        "queue" := g.q; "status" := g.s; "is_claimable" := false; "type" := g.y; "placement" := g.p; "priority" := g.r;
        "oldest_ready_at" := CASE WHEN g.s = 'READY' THEN g.since END;
        "counts" := '{}'; "exact" := '{}';
        FOR age IN 0 .. CASE WHEN g.s = 'READY' THEN ages ELSE 0 END LOOP
            room := least(max_count, greatest(rows_left, 100));
            IF g.s = 'READY' THEN
                SELECT count(*) INTO n FROM (
                    SELECT FROM "task" AS t
                    WHERE t."tenant" = of_tenant AND t."queue" = g.q AND t."status" = g.s AND t."type" = g.y
                        AND t."placement" = g.p AND t."priority" = g.r
                        AND t."status" IN ('PENDING', 'SCHEDULED', 'READY', 'RETRYING', 'WAITING', 'PAUSED') AND NOT t."is_claimable"
                        AND t."ready_at" > CASE WHEN age = ages THEN '-infinity' ELSE at - age_limits[age + 1] END
                        AND t."ready_at" <= CASE WHEN age = 0 THEN 'infinity' ELSE at - age_limits[age] END
                    LIMIT room) AS counted;
            ELSE
                SELECT count(*) INTO n FROM (
                    SELECT FROM "task" AS t
                    WHERE t."tenant" = of_tenant AND t."queue" = g.q AND t."status" = g.s AND t."type" = g.y
                        AND t."placement" = g.p AND t."priority" = g.r
                        AND t."status" IN ('PENDING', 'SCHEDULED', 'READY', 'RETRYING', 'WAITING', 'PAUSED') AND NOT t."is_claimable"
                    LIMIT room) AS counted;
            END IF;
            rows_left := rows_left - n;
            "counts" := "counts" || n;
            "exact" := "exact" || (n < room);
        END LOOP;
        RETURN NEXT;
    END LOOP;
END $$;

-- Who is waited for.
CREATE INDEX "task_dependency_pending_idx" ON "task_dependency"("tenant", "depends_on_id", "task_id") WHERE "state" = 'PENDING';
