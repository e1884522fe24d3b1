/**
 * Where we refuse what CodeMie accepts, on purpose: the code we report, and the place in the description of its behaviour that
 * says why. A difference that is not listed here is a bug.
 */
export const STRICTER_THAN_CODEMIE: readonly {
  readonly code: string
  readonly spec: string
  readonly why: string
}[] = [
  {
    code: 'reserved-output-key',
    spec: '10.17',
    why: 'output_key named like a channel loses data or crashes the run',
  },
  { code: 'limit-cannot-be-met', spec: '10.9', why: 'a message limit of 1 asks for summaries for ever' },
  {
    code: 'autonomous-mode',
    spec: '4.8',
    why: 'creating and running such workflows is refused by CodeMie itself',
  },
]
