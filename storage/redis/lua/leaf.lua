-- The keys of a part of a stretch, behind those of the shelf.

local LEAVES, LAID, PASSAGES, VECTORS, PLACES = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
