"""What older versions left in an archive's data otherwise, brought up to this version: one module a migration, one registry."""
