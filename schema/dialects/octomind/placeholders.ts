/** A place in a prompt that something is put into. */
export interface Placeholder {
  readonly name: string
  /** Offsets of the whole `{{name}}`, end exclusive. */
  readonly start: number
  readonly end: number
}

const PLACEHOLDER = /\{\{([A-Za-z_][A-Za-z0-9_-]*)\}\}/g

/** The placeholders of a prompt, in order. Blanks inside the braces make a text of them. */
export function namesIn(prompt: string): readonly Placeholder[] {
  return Array.from(prompt.matchAll(PLACEHOLDER), ({ 0: whole, 1: name = '', index }) => ({
    name,
    start: index,
    end: index + whole.length,
  }))
}

/** Values that a prompt can name without a step: those of the project and of the moment. */
export const PROJECT_VALUES = [
  'DATE',
  'SHELL',
  'OS',
  'BINARIES',
  'CWD',
  'ROLE',
  'SYSTEM',
  'CONTEXT',
  'GIT_STATUS',
  'GIT_TREE',
  'README',
] as const
export type ProjectValue = (typeof PROJECT_VALUES)[number]

export function isProjectValue(name: string): name is ProjectValue {
  return (PROJECT_VALUES as readonly string[]).includes(name)
}
