/**
 * A failure inside a transform that its `on_error` may take care of. Where a value cannot be written as JSON in the
 * end, `on_error` does not help, and that is a plain `StepFailure`.
 */
export class TransformProblem extends Error {
  override readonly name = 'TransformProblem'
}
