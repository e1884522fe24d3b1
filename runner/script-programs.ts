import { withInner } from '../schema/blocks.ts'
import type { Position, RepositoryConfig, Workflow } from '../schema/index.ts'
import { POLICY_KEYS } from './tools/define-tool.ts'

/** A script of a workflow whose program the config does not allow. */
export interface ProgramProblem {
  readonly at: Position
  readonly stateId: string
  readonly message: string
  readonly help: string
}

/** Scripts of a workflow that would be refused when their turn comes. Looks which of them are files of the repository. */
export async function refusedPrograms(
  { states }: Pick<Workflow, 'states'>,
  { root, config }: { readonly root: string; readonly config: Pick<RepositoryConfig, 'policy'> },
): Promise<readonly ProgramProblem[]> {
  const { commands } = config.policy
  const scripts = withInner(states).flatMap(({ id, work }) =>
    work.kind === 'script' ? [{ stateId: id, ...work.command }] : [],
  )
  // A path that is allowed may be written before its turn comes.
  const unlisted = scripts.filter(({ value }) => !commands.includes(value))
  if (unlisted.length === 0) return []
  const { programOfScript } = await import('./tools/script-program.ts')
  const problems = unlisted.map(async ({ value, at, stateId }): Promise<readonly ProgramProblem[]> => {
    const { program } = await programOfScript(value, { root })
    if (commands.includes(program)) return []
    const isThere = program === value
    const isPath = isThere || /^\S*\/\S*$/.test(value)
    const said = isPath
      ? `The program '${value}' is not allowed`
      : `'${value}' runs in ${program}, which is not allowed`
    const help = `Add "${isPath ? value : program}" to ${POLICY_KEYS.commands}${isPath && !isThere ? '; there is no such file here, either.' : '.'}`
    return [{ at, stateId, message: `${said} (allowed: ${commands.join(', ') || 'none'})`, help }]
  })
  return (await Promise.all(problems)).flat()
}
