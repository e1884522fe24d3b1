import { EFFECTS, type EffectKind } from '../../schema/effects.ts'
import type { Proposal, ProposedFile } from '../effects/proposal.ts'
import { checkArguments } from './check-arguments.ts'
import { type BuiltInTool, defineTool, type ToolDefinition } from './define-tool.ts'
import type { ToolContext } from './tool.ts'

type Schema = Readonly<Record<string, unknown>>

/** GitHub takes 65,536 characters, and signs that are made harmless take more room. */
const text = (description: string): Schema => ({
  type: 'string',
  minLength: 1,
  maxLength: 60_000,
  description,
})
const line = (description: string, maxLength: number): Schema => ({
  type: 'string',
  minLength: 1,
  maxLength,
  description,
})
const list = (description: string): Schema => ({
  type: 'array',
  maxItems: 20,
  items: { type: 'string', minLength: 1, maxLength: 50 },
  description,
})
const TITLE = line('Its title, one line.', 200)
const BRANCH = line('Name of the branch, without "refs/heads/".', 100)

/**
 * Tools that propose what is to be written to GitHub. They write nothing and need no token: the result is the proposal, which the
 * run judges and keeps, and which a step of its own carries out after the run.
 */
export const proposeTools: readonly BuiltInTool[] = [
  propose<{ body: string }>(
    'propose_comment',
    'Proposes a comment on the issue or pull request that the run is about.',
    { body: text('The comment, in Markdown.') },
    ['body'],
    ({ body }) => ({ kind: 'comment', body }),
  ),
  propose<{ add?: string[]; remove?: string[] }>(
    'propose_labels',
    'Proposes labels to put on the issue or pull request that the run is about, or to take off.',
    { add: list('Labels to put on.'), remove: list('Labels to take off.') },
    [],
    ({ add = [], remove = [] }) => ({ kind: 'label', add: [...new Set(add)], remove: [...new Set(remove)] }),
  ),
  propose<{ title: string; body: string }>(
    'propose_issue',
    'Proposes a new issue.',
    { title: TITLE, body: text('What it says, in Markdown.') },
    ['title', 'body'],
    ({ title, body }) => ({ kind: 'issue', title, body }),
  ),
  propose<{ verdict: string; body: string }>(
    'propose_review',
    'Proposes a review of the pull request that the run is about. It never approves.',
    {
      verdict: { enum: ['comment', 'request-changes'], description: 'Whether the review holds it.' },
      body: text('What it says, in Markdown.'),
    },
    ['verdict', 'body'],
    ({ verdict, body }) => ({ kind: 'review', verdict, body }),
  ),
  propose<{ context: string; state: 'success' | 'failure' | 'error' | 'pending'; description?: string }>(
    'propose_status',
    'Proposes a status of the commit that the run is about.',
    {
      context: line('What it is a status of, such as "codemie/docs".', 100),
      state: { enum: ['success', 'failure', 'error', 'pending'], description: 'The status.' },
      description: { type: 'string', maxLength: 140, description: 'One line about it.' },
    },
    ['context', 'state'],
    ({ context, state, description = '' }) => ({ kind: 'status', context, state, description }),
  ),
  propose<{ branch: string; message: string; files: ProposedFile[] }>(
    'propose_commit',
    'Proposes a commit of text files to a branch, which is made where it does not exist.',
    {
      branch: BRANCH,
      message: line('Message of the commit; its first line is the title.', 2000),
      files: {
        type: 'array',
        minItems: 1,
        maxItems: 50,
        items: {
          type: 'object',
          properties: {
            path: line('Path from the root of the repository, with "/".', 400),
            content: { type: 'string', description: 'The whole new content.' },
            remove: { type: 'boolean', description: 'Remove the file; then without content.' },
          },
          required: ['path'],
          additionalProperties: false,
        },
        description: 'Files as they are to be.',
      },
    },
    ['branch', 'message', 'files'],
    ({ branch, message, files }) => ({ kind: 'branch', branch, message, files }),
  ),
  propose<{ branch: string; title: string; body: string }>(
    'propose_pull_request',
    'Proposes a pull request from a branch that a proposed commit went to.',
    { branch: BRANCH, title: TITLE, body: text('What it says, in Markdown.') },
    ['branch', 'title', 'body'],
    ({ branch, title, body }) => ({ kind: 'pull-request', branch, title, body }),
  ),
]

/**
 * A proposal out of a record, of which nothing is believed. Fails with `tool-arguments-invalid` when it has not the form that its
 * tool gives it.
 */
export async function readProposal(kind: EffectKind, value: object): Promise<Proposal> {
  const tool = proposeTools.find(({ name }) => name === EFFECTS[kind].tool)
  if (!tool) throw new Error(`no tool proposes ${kind}`)
  const { kind: _kind, ...args } = value as Readonly<Record<string, unknown>>
  // They look at nothing but their arguments.
  return (await tool.run(await checkArguments(tool, args), {} as ToolContext)) as Proposal
}

function propose<Args>(
  name: string,
  description: string,
  properties: ToolDefinition<Args>['properties'],
  required: readonly string[],
  read: (args: Args) => Proposal,
): BuiltInTool {
  return defineTool<Args>({
    name,
    description: `${description} Only what "permissions" of the workflow declares is taken; a person or the next job sees to it after the run.`,
    reach: 'propose',
    properties,
    required,
    run: async (args) => read(args),
  })
}
