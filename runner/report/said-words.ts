import type { SaidDigest } from '../store/digest-run.ts'

/** What a person did, as the middle of a sentence that begins with who and ends with the steps concerned. */
export const SAID_WORDS: Readonly<Record<SaidDigest['what'], string>> = {
  'went-on': 'let the run go on before',
  approved: 'approved',
  rejected: 'rejected',
  'asked-for-changes': 'asked for changes in the output of',
  aborted: 'aborted the run before',
}
