-- @include readonly_error
--
-- Checks that this server is a master. Runs in a transaction before reads, so that a replica's answers aren't used.
--
-- KEYS: META. ARGV: none.
-- Answer: 1, or the READONLY error of a replica.

return readonly_error(KEYS[1]) or 1
