-- Keys that all processes of an installation share. Runs on PostgreSQL 15 to 18.

-- Whoever can read this can call back steps of runs; it is made once, by whichever process starts first, and goes along with a dump so
-- that URLs given out stay good.
CREATE TABLE "shared_key" (
    "name" TEXT NOT NULL,
    "value" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "shared_key_pkey" PRIMARY KEY ("name"),
    CONSTRAINT "shared_key_is_long" CHECK (length("value") >= 32)
);
