-- Tables that rows go through keep the room that they have got: giving the end of the file back takes a lock that claims wait behind, and the
-- room is wanted again seconds later. Runs on PostgreSQL 15 to 18.

ALTER TABLE "task" SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.1, vacuum_truncate = off);
ALTER TABLE "attempt_record" SET (autovacuum_analyze_scale_factor = 0.1, vacuum_truncate = off);

-- Makes the partitions of `parent` for `days` days from `first` (UTC) where they are missing; rows that the default
-- partition caught meanwhile move into them. Takes an advisory lock, so that two maintainers do not meet.
CREATE OR REPLACE FUNCTION "ensure_day_partitions"(parent TEXT, first DATE, days INTEGER) RETURNS INTEGER LANGUAGE plpgsql AS $$
DECLARE
    made INTEGER := 0;
    day DATE;
    child TEXT;
    lower_bound TIMESTAMPTZ;
    upper_bound TIMESTAMPTZ;
    has_stray_rows BOOLEAN;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_day_partitions'), hashtext(parent));
    FOR day IN SELECT first + n FROM generate_series(0, days - 1) AS n LOOP
        child := parent || '_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass(format('%I', child)) IS NOT NULL;
        lower_bound := day::TIMESTAMP AT TIME ZONE 'UTC';
        upper_bound := (day + 1)::TIMESTAMP AT TIME ZONE 'UTC';
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE "at" >= %L AND "at" < %L)', parent || '_default', lower_bound, upper_bound)
            INTO has_stray_rows;
        IF has_stray_rows THEN
            EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent || '_default');
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', child, parent);
            EXECUTE format('WITH moved AS (DELETE FROM %I WHERE "at" >= %L AND "at" < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
                parent || '_default', lower_bound, upper_bound, child);
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, child, lower_bound, upper_bound);
        ELSE
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                child, parent, lower_bound, upper_bound);
        END IF;
        EXECUTE format('ALTER TABLE %I SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000, vacuum_truncate = off)', child);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

DO $$
DECLARE
    leaf REGCLASS;
BEGIN
    FOR leaf IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent IN ('event'::regclass, 'task_log'::regclass) LOOP
        EXECUTE format('ALTER TABLE %s SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000, vacuum_truncate = off)', leaf);
    END LOOP;
END $$;
