import { own } from './own.ts'

/** Facts about models, by the provider that bills them and the name of the model. */
export type ModelTable<T> = Readonly<Record<string, Readonly<Record<string, T>>>>

/**
 * What is said of a model: by the project's config, else by a table. A dated or `latest` spelling (`gpt-4.1-2025-04-14`,
 * `claude-haiku-4-5-20251001`) means the undated one.
 *
 * @param model `provider:model`
 * @param overrides by `provider:model` for one provider, or by model for any. They win over the table.
 * @returns `undefined`: neither says anything.
 */
export function lookUpModel<T>(
  model: string,
  overrides: Readonly<Record<string, T>>,
  table: ModelTable<T>,
): T | undefined {
  const colon = model.indexOf(':')
  const provider = colon < 0 ? '' : model.slice(0, colon)
  const name = colon < 0 ? model : model.slice(colon + 1)
  for (const spelling of [name, undated(name)]) {
    const found =
      own(overrides, `${provider}:${spelling}`) ??
      own(overrides, spelling) ??
      own(own(table, provider), spelling)
    if (found) return found
  }
  return undefined
}

/** The name of a model without the date, or the `latest`, at its end. */
export function undated(name: string): string {
  return name.replace(/(?:-\d{4}-\d{2}-\d{2}|-\d{8}|-latest)$/, '')
}
