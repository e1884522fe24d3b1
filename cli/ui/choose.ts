import { Refusal } from '../../runner/failure.ts'
import type { Cli } from '../context.ts'
import { EXIT } from '../exit-status.ts'

/** Lets a person on the terminal choose one of a few; resolves with its place. Refuses with `interrupted` when they leave. */
export async function choose(
  question: string,
  choices: readonly { readonly name: string; readonly summary: string }[],
  cli: Cli,
  terminal: NonNullable<Cli['terminal']>,
): Promise<number> {
  const { selectOne } = await import('./select-one.tsx')
  const index = await selectOne({ question, choices, palette: cli.look.stderr, terminal })
  if (index !== undefined) return index
  throw new Refusal('interrupted', 'Nothing was chosen, and nothing was written', {
    exitStatus: EXIT.interrupted,
  })
}
