import { StepFailure } from '../failure.ts'
import { foldName, partsOfPath } from '../tools/root.ts'

/** Names that steer git, CI or who reviews, wherever they stand; compared as the most forgiving file system does. */
const STEERING_NAMES: ReadonlySet<string> = new Set([
  'codeowners',
  'jenkinsfile',
  'azure-pipelines.yml',
  'bitbucket-pipelines.yml',
  'appveyor.yml',
  '.appveyor.yml',
  '.travis.yml',
  '.drone.yml',
  '.cirrus.yml',
  '.woodpecker.yml',
  '.npmrc',
  '.yarnrc',
  '.yarnrc.yml',
  '.mcp.json',
  '.envrc',
])

/** Folders whose files are run or judge changes. */
const STEERING_FOLDERS: ReadonlySet<string> = new Set([
  '.codemie',
  '.circleci',
  '.buildkite',
  '.teamcity',
  '.woodpecker',
  '.husky',
  '.vscode',
  '.devcontainer',
  '.claude',
  '.cursor',
])

/**
 * Why no effect may write a path, as a piece of a sentence; `undefined`: it may. Stricter than the tools, which change the
 * working tree of one job: this ends up on a branch.
 */
export function problemOfPath(path: string): string | undefined {
  let parts: readonly string[]
  try {
    parts = partsOfPath('/repository', path, { tool: 'propose_commit', argument: 'path' })
  } catch (error) {
    if (error instanceof StepFailure) return `the path '${path}' is none inside the repository`
    throw error
  }
  if (parts.length === 0 || parts.join('/') !== path || /[\u0000-\u001f\u007f]/.test(path))
    return `the path '${path}' is not written plainly`
  const names = parts.map(foldName)
  const isSteering = names.some(
    (name) => name.startsWith('.git') || STEERING_NAMES.has(name) || STEERING_FOLDERS.has(name),
  )
  return isSteering ? `'${path}' steers git, CI or this project, and is changed by people only` : undefined
}
