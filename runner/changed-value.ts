import { meaningOf } from '../schema/diff/values.ts'

/** A value that a change shows as text: lists and objects as they were before they became JSON, texts as they are. */
export function changedValue(text: string | undefined): unknown {
  if (text === undefined || !/^[[{]/.test(text)) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Such a value as text that is equal for equal meaning: where something stands in a file does not count. */
export function meaningOfShown(text: string | undefined): string {
  return meaningOf(changedValue(text))
}
