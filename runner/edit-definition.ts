import { firstError } from '../schema/diagnostic.ts'
import type { Lifecycle } from '../schema/lifecycle.ts'
import { withLifecycle, withTags } from '../schema/mark.ts'
import { nearestName } from '../schema/nearest.ts'
import type { Workflow } from '../schema/workflow.ts'
import { callersOf, notEditable, refuseCalled } from './callers.ts'
import { Refusal } from './failure.ts'
import type { FileChange } from './file-change.ts'
import { checkDefinition } from './new-definition.ts'
import type { Definition, Project } from './project.ts'
import { writeOver } from './working-tree.ts'

/**
 * Writes how far a workflow has come. Refuses with `definition-invalid`, with `still-called` when it retires while others call it,
 * and with `not-editable`.
 */
export async function setLifecycle(
  project: Project,
  definition: Definition,
  stage: Lifecycle,
): Promise<FileChange> {
  const { lifecycle } = markable(definition, 'lifecycle')
  const message = `Move ${definition.id} to ${stage}`
  if (lifecycle === stage) return { files: [], message }
  if (stage === 'retired') {
    refuseCalled(
      definition.id,
      await callersOf(project, definition),
      'They could not run any more. Change these first.',
    )
  }
  const text = withLifecycle(definition.text, stage)
  return write(project, definition, text, 'lifecycle', message, (now) => now.lifecycle === stage)
}

/** Adds and removes tags. Refuses with `definition-invalid`, with `unknown-tag` when there is none to remove, and with `not-editable`. */
export async function changeTags(
  project: Project,
  definition: Definition,
  { add, remove }: { readonly add: readonly string[]; readonly remove: readonly string[] },
): Promise<FileChange> {
  const { tags } = markable(definition, 'tags')
  const bad = add.find((tag) => tag.trim() === '' || tag.length > 100 || /\p{C}/u.test(tag))
  if (bad !== undefined) {
    throw new Refusal('bad-tag', `'${bad}' cannot be a tag`, {
      help: 'A tag is a word or a few on one line.',
    })
  }
  const unknown = remove.find((tag) => !tags.includes(tag))
  if (unknown !== undefined) {
    const near = nearestName(unknown, tags)
    const has = tags.length === 0 ? 'It has no tags.' : `It has ${tags.join(', ')}.`
    throw new Refusal('unknown-tag', `${definition.file} has no tag '${unknown}'`, {
      help: near === undefined ? has : `Did you mean '${near}'?`,
    })
  }
  const wanted = [...new Set([...tags, ...add])].filter((tag) => !remove.includes(tag))
  const added = wanted.filter((tag) => !tags.includes(tag))
  const words = [...added.map((tag) => `+${tag}`), ...remove.map((tag) => `-${tag}`)]
  const message = `Tag ${definition.id} ${words.join(' ')}`
  if (words.length === 0) return { files: [], message: `Tag ${definition.id}` }
  const text = withTags(definition.text, wanted)
  const isAsMeant = (now: Workflow) => JSON.stringify(now.tags) === JSON.stringify(wanted)
  return write(project, definition, text, 'tags', message, isAsMeant)
}

/** The workflow of a definition that can have a key of ours. Refuses with `definition-invalid` and `not-editable`. */
function markable(definition: Definition, key: string): Workflow {
  const workflow = validWorkflow(definition)
  if (workflow.dialect === 'codemie') return workflow
  throw new Refusal('not-editable', `${definition.file} is a file of Octomind, which has no '${key}'`, {
    help: 'Only workflows in YAML have it.',
  })
}

/** The workflow of a definition. Refuses with `definition-invalid`. */
export function validWorkflow({ file, workflow, diagnostics }: Definition): Workflow {
  if (workflow) return workflow
  throw new Refusal('definition-invalid', `${file} has errors: ${firstError(diagnostics)}`, {
    help: `\`codemie-ci validate ${file}\` shows them. Mend these first.`,
  })
}

function write(
  { root }: Project,
  { file }: Definition,
  text: string | undefined,
  key: string,
  message: string,
  isAsMeant: (workflow: Workflow) => boolean,
): FileChange {
  if (text === undefined || !isAsMeant(checkDefinition(file, text).workflow)) throw notEditable(file, key)
  writeOver(root, file, text)
  return { files: [{ path: file, what: 'changed' }], message }
}
