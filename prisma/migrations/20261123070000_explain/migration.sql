-- What waits, and what holds it ------------------------------------------------------------------------------------

-- Everything that has neither ended nor runs, grouped by what people ask about. A claim takes an entry out and adds none.
CREATE INDEX "task_waiting_idx" ON "task"("tenant", "queue", "status", "is_claimable", "type", "placement", "priority", "ready_at")
    WHERE "status" IN ('PENDING', 'SCHEDULED', 'READY', 'RETRYING', 'WAITING', 'PAUSED');

-- The groups of what waits, each with its count; one row each, `counts` by how long the tasks have been READY: below the first of
-- `age_limits`, from the first to the second, and so on, the last without an end; one count for tasks that are not READY.
--
-- A count goes up to `max_count`; once `max_rows` have been counted in all, the rest goes up to 100. One that ran into its limit has
-- false in `exact`. Skips from group to group in task_waiting_idx, and counts in it alone.
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
    rows_left INTEGER := max_rows;
    groups INTEGER := 0;
    room INTEGER;
    n INTEGER;
    age INTEGER;
    g RECORD;
BEGIN
    SELECT coalesce(of_queue, '') AS q, 'PENDING'::"task_status" AS s, false AS c, '' AS y, '' AS p, 'CRITICAL'::"task_priority" AS r INTO g;
    LOOP
        SELECT t."queue" AS q, t."status" AS s, t."is_claimable" AS c, t."type" AS y, t."placement" AS p, t."priority" AS r, t."ready_at" AS since INTO g
        FROM "task" AS t
        WHERE t."tenant" = of_tenant AND t."status" IN ('PENDING', 'SCHEDULED', 'READY', 'RETRYING', 'WAITING', 'PAUSED')
            AND (t."queue", t."status", t."is_claimable", t."type", t."placement", t."priority") > (g.q, g.s, g.c, g.y, g.p, g.r)
        ORDER BY t."queue", t."status", t."is_claimable", t."type", t."placement", t."priority", t."ready_at" LIMIT 1;
        EXIT WHEN NOT FOUND OR g.q <> of_queue OR groups = max_groups;
        groups := groups + 1;
        "queue" := g.q; "status" := g.s; "is_claimable" := g.c; "type" := g.y; "placement" := g.p; "priority" := g.r;
        "oldest_ready_at" := CASE WHEN g.s = 'READY' THEN g.since END;
        "counts" := '{}'; "exact" := '{}';
        FOR age IN 0 .. CASE WHEN g.s = 'READY' THEN cardinality(age_limits) ELSE 0 END LOOP
            room := least(max_count, greatest(rows_left, 100));
            IF g.s = 'READY' THEN
                SELECT count(*) INTO n FROM (
                    SELECT FROM "task" AS t
                    WHERE t."tenant" = of_tenant AND t."queue" = g.q AND t."status" = g.s AND t."is_claimable" = g.c AND t."type" = g.y
                        AND t."placement" = g.p AND t."priority" = g.r
                        AND t."status" IN ('PENDING', 'SCHEDULED', 'READY', 'RETRYING', 'WAITING', 'PAUSED')
                        AND t."ready_at" > CASE WHEN age = cardinality(age_limits) THEN '-infinity' ELSE at - age_limits[age + 1] END
                        AND t."ready_at" <= CASE WHEN age = 0 THEN 'infinity' ELSE at - age_limits[age] END
                    LIMIT room) AS counted;
            ELSE
                SELECT count(*) INTO n FROM (
                    SELECT FROM "task" AS t
                    WHERE t."tenant" = of_tenant AND t."queue" = g.q AND t."status" = g.s AND t."is_claimable" = g.c AND t."type" = g.y
                        AND t."placement" = g.p AND t."priority" = g.r
                        AND t."status" IN ('PENDING', 'SCHEDULED', 'READY', 'RETRYING', 'WAITING', 'PAUSED')
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
