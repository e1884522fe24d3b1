import type { Diagnostic } from '../diagnostic.ts'
import { readText, readTexts } from '../lax.ts'
import { childOf, entryOf, readYaml, type YamlNode } from '../yaml.ts'
import { isStepOf, stepsOf } from './file.ts'
import { GITHUB_PUBLISH_FILE } from './file-name.ts'
import { isHigher } from './plan.ts'
import { FOLLOWED } from './publish-skeleton.ts'

/** What publishing takes. */
const NEEDS = { actions: 'read', contents: 'write', 'pull-requests': 'write' } as const

/**
 * Where a GitHub workflow with a job that publishes would not do it, or not safely; none for one without such a job. Pure.
 *
 * @param followed the name of the workflow whose runs it has to follow. Default: that which `init` writes.
 */
export function publishDiagnostics(text: string, followed = FOLLOWED): readonly Diagnostic[] {
  const { root, at } = readYaml(GITHUB_PUBLISH_FILE, text)
  const jobs = childOf(root, 'jobs')
  if (root?.kind !== 'map' || jobs?.kind !== 'map') return []
  const [id, entry] = [...jobs.entries].find(([, { value }]) => stepsOf(value).some(isPublishing)) ?? []
  if (id === undefined || entry === undefined) return []
  const tell = (node: YamlNode | undefined, message: string): Diagnostic => ({
    ...at((node ?? root).start, Math.max((node ?? root).start + 1, node?.end ?? 0)),
    code: 'github-workflow-outdated',
    severity: 'warning',
    message,
    help: 'Mend it by hand, or let `codemie-ci init --force` write it anew',
  })
  const followedThere = childOf(childOf(entryOf(root, 'on')?.value, 'workflow_run'), 'workflows')
  const names = readTexts(followedThere) ?? [readText(followedThere)]
  const own = childOf(entry.value, 'permissions')
  const missing = Object.entries(NEEDS).filter(
    ([name, needed]) => own?.kind === 'map' && isHigher(needed, readText(childOf(own, name))),
  )
  const strange = stepsOf(entry.value)
    .filter((step) => /^actions\/checkout@/.test(readText(childOf(step, 'uses')) ?? ''))
    .flatMap((step) => {
      const settings = childOf(step, 'with')
      return entryOf(settings, 'ref')?.key ?? entryOf(settings, 'repository')?.key ?? []
    })
  return [
    ...(names.includes(followed)
      ? []
      : [tell(entryOf(root, 'on')?.key, `It does not follow the workflow '${followed}' by 'workflow_run'`)]),
    ...missing.map(([name, needed]) =>
      tell(entry.key, `The job '${id}' lacks the permission '${name}: ${needed}'`),
    ),
    ...strange.map((key) =>
      tell(
        key,
        `The job '${id}' checks out something else than the default branch, and it has a token that may write`,
      ),
    ),
  ]
}

function isPublishing(step: YamlNode): boolean {
  return isStepOf('publish', step)
}
