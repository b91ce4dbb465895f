--! session binding
-- Binds a thread to nothing. See Catalog.unbind.

unbind_thread(KEYS[2], ARGV[1], nil)
return 1
