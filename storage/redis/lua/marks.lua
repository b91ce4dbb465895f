-- Where words stand in a leaf, as they are kept there: under a number that many words share, a row of words, each with
-- a mark, how many entries it has, and these, of three bytes each. No entry holds what a mark begins with.

local function mark_of(word)
  return '\255\255' .. word .. '\255'
end

-- The first and the last byte of the mark's entries, looked for from a place on; nil if there are none.
local function entries_behind(mark, row, from)
  local start, stop = string.find(row, mark, from, true)
  if not start then
    return nil
  end
  return stop + 2, stop + 1 + 3 * (string.byte(row, stop + 1) or 0)
end
