import { StepFailure } from '../../runner/failure.ts'
import { explainFailure, HttpStatusError } from '../../runner/models/model-failure.ts'
import { resolveModel } from '../../runner/models/providers.ts'
import { TransportError } from '../../runner/models/transport-error.ts'
import { resolvePointer } from '../../runner/steps/json-pointer.ts'
import { runTransform } from '../../runner/steps/transform.ts'
import { PyDict } from '../../schema/language/index.ts'
import type { FunctionTable } from './compare.ts'

/** Whether a failed step is tried again: asked of the failure that upstream's exception is here. */
export const retryFunctions: FunctionTable = {
  retry_on: {
    lacks: ({ exception }) =>
      failureFor(String(exception))
        ? undefined
        : 'nothing of ours raises such an error of Python; in our own code it is a bug, which ends the run',
    run({ exception }) {
      const failure = failureFor(String(exception))?.()
      if (!(failure instanceof StepFailure)) throw new Error(`${exception}: not a failure of a step`)
      return failure.retryable
    },
  },
}

type Fail = () => unknown

function failureFor(exception: string): Fail | undefined {
  const status = /^(?:httpx\.HTTPStatusError|requests\.HTTPError) ([1-5]\d\d)$/.exec(exception)?.[1]
  if (status !== undefined) return () => failedCall(new HttpStatusError(Number(status), new Headers(), '{}'))
  return /^(?:(?:httpx|requests)\.\w*Timeout|TimeoutError)$/.test(exception)
    ? timedOut
    : FAILURES.get(exception)
}

const timedOut: Fail = () => failedCall(new TransportError('answer-timeout', 'too slow'))

const FAILURES: ReadonlyMap<string, Fail> = new Map<string, Fail>([
  ['ConnectionError', () => failedCall(systemError('ECONNABORTED'))],
  ['ConnectionResetError', () => failedCall(systemError('ECONNRESET'))],
  ['BrokenPipeError', () => failedCall(systemError('EPIPE'))],
  ['httpx.ConnectError', () => failedCall(systemError('ECONNREFUSED'))],
  ['requests.ConnectionError', () => failedCall(systemError('ECONNREFUSED'))],
  ['InvalidCredentialsError', () => failedCall(new HttpStatusError(401, new Headers(), '{}'))],
  ['TaskException without original', () => failedCall(new TransportError('system', 'no reason given'))],
  ['TransformationError', () => raised(() => transformThatFails())],
  ['ValueError', () => raised(() => resolvePointer('no JSON', '/a'))],
  ['json.JSONDecodeError', () => raised(() => resolvePointer('no JSON', '/a'))],
  ['KeyError', () => raised(() => resolvePointer(new PyDict(), '/a'))],
  ['LookupError', () => raised(() => resolvePointer(new PyDict(), '/a'))],
  ['IndexError', () => raised(() => resolvePointer([], '/0'))],
])

function failedCall(error: unknown): unknown {
  const model = resolveModel('ollama:m', {}, {})
  if (!model.ok) throw new Error(model.problem.message)
  return explainFailure(error, { endpoint: model.endpoint, isStream: false, now: () => 0 })
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code })
}

function transformThatFails(): unknown {
  const mappings = [
    new PyDict([
      ['output_field', 'a'],
      ['type', 'script'],
      ['script', 'missing'],
    ]),
  ]
  const source = {
    context: new PyDict(),
    lastOutsideMessage: undefined,
    userInput: '',
    taskState: new PyDict(),
  }
  return runTransform(new PyDict([['mappings', mappings]]), source)
}

function raised(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}
