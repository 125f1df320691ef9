-- UUIDs do not get shorter: trying to compress them is a twentieth of the server's work in a move.
ALTER TABLE "migration"."lineage" ALTER COLUMN "target_uuids" SET STORAGE EXTERNAL;
