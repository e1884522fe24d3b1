/** Recorded vectors that we answer differently on purpose or cannot reproduce, by id, with the reason. */
export const exceptions: Readonly<Record<string, string>> = {
  'safe_eval-0634':
    '9 g: two escapes that make a surrogate pair are one character here; JavaScript texts cannot tell them apart',
  'condition-0153': '9 g: valid JSON is decoded by JSON rules, so an escaped pair is one character',
  'condition-0154': '9 g: valid JSON is decoded by JSON rules, so an escaped pair is one character',
  'parse-0125': '9 g: valid JSON is decoded by JSON rules, so `\\/` is a slash',
  'render_dynamic-0309':
    'a circle of context values with a third value behind it: upstream inserts all three unrendered, here as in every other circle the order of the context decides',
}
