import { oneLine } from '../runner/report/plain-text.ts'
import type { Forge } from './github.ts'
import { at, textAt } from './payload.ts'

/**
 * Why the account that made an event happen may not write to the repository at this moment, as a piece of a sentence;
 * `undefined`: it may. GitHub is asked by name, and the answer must have the same id. Refuses like `Forge.ask`.
 */
export async function whySenderMayNotWrite(forge: Forge, payload: unknown): Promise<string | undefined> {
  const [id, login, type] = [
    at(payload, 'sender.id'),
    textAt(payload, 'sender.login'),
    textAt(payload, 'sender.type'),
  ]
  if (typeof id !== 'number' || login === undefined) return 'it is not known who it is'
  if (type !== 'User' || login.endsWith('[bot]')) return 'it is no account of a person'
  const { owner, repo } = forge
  const { data } = await forge.ask(
    `ask what ${oneLine(login)} may do in the repository`,
    'contents: read',
    (octokit) => octokit.rest.repos.getCollaboratorPermissionLevel({ owner, repo, username: login }),
  )
  if (data.user?.id !== id) return 'the name belongs to another account by now'
  return ['admin', 'write'].includes(data.permission) ? undefined : 'it may not write to the repository'
}
