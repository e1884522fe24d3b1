import type { Integration } from '../../../../schema/config.ts'

/** How the name of every tool of an integration begins. */
export function apiToolPrefix({ alias }: Pick<Integration, 'alias'>): string {
  return `${plainName(alias)}_`
}

/** What model providers accept in names: letters, digits, `_` and `-`. */
export function plainName(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]+/g, '_').replace(/^_+|_+$/g, '')
}
