import { blobId, type ObjectFormat } from '../git/object-id.ts'
import type { CalledDefinition, RunManifest } from './manifest.ts'
import { callFileName } from './record.ts'
import type { Redact } from './redact.ts'

/** A definition as it is executed. */
export interface ExecutedDefinition {
  readonly id: string
  readonly name: string
  /** Path in the repository. */
  readonly file: string
  readonly text: string
  /** Commit that it was taken from. Default: it came from the working tree. */
  readonly revision?: string
  /** Definitions that its states call, by the name they use. Default: none. */
  readonly calls?: readonly (CalledDefinition & { readonly text: string })[]
}

/** How a record says what was executed: names and object ids in the manifest, texts without secrets beside it. */
export function describeDefinition(
  { id, name, file, text, revision, calls = [] }: ExecutedDefinition,
  redact: Redact,
  format: ObjectFormat,
): {
  readonly workflow: RunManifest['workflow']
  readonly workflowText: string
  readonly calledTexts: ReadonlyMap<string, string>
} {
  const blobOf = (content: string) => blobId(Buffer.from(content), format)
  const described = calls.map(({ text: called, ...call }) => ({ ...call, blob: blobOf(called) }))
  return {
    workflow: {
      id,
      name,
      file,
      blob: blobOf(text),
      ...(revision === undefined ? {} : { revision }),
      ...(calls.length === 0 ? {} : { calls: described }),
    },
    workflowText: redact(text),
    calledTexts: new Map(calls.map((call) => [call.name, redact(call.text)])),
  }
}

/** The texts of a record's definitions, as {@link describeDefinition} gave them. */
export function definitionTexts(
  { workflow }: RunManifest,
  files: ReadonlyMap<string, Uint8Array>,
): Omit<ReturnType<typeof describeDefinition>, 'workflow'> {
  const textOf = (path: string) => Buffer.from(files.get(path) ?? []).toString('utf8')
  const path = [...files.keys()].find((name) => /^workflow\.(yaml|toml)$/.test(name)) ?? ''
  return {
    workflowText: textOf(path),
    calledTexts: new Map((workflow.calls ?? []).map((call) => [call.name, textOf(callFileName(call))])),
  }
}

/** Object ids of a definition as executed and of those that it calls, in the order of their names. */
export function definitionIds({
  blob,
  calls = [],
}: Pick<RunManifest['workflow'], 'blob' | 'calls'>): string[] {
  const called = [...calls].sort((a, b) => (a.name < b.name ? -1 : 1))
  return [blob, ...called.map((call) => call.blob)]
}
