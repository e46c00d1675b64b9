import { type CommandFlags } from './command-flags';
import { type Places } from './credentials';
import { type Environment } from './env.schema';
import { type GatewayFile } from './gateway-file';
import { type GatewayFileContent } from './gateway-file.schema';

/** Everything settings are made of, already read and valid by itself. */
export interface SettingsSources {
  /** Undefined when there is no configuration file. */
  readonly file: GatewayFile | undefined;
  readonly environment: Environment;
  readonly flags: CommandFlags;
  readonly places: Places;
}

/** The sections of the file; empty ones where the file has none. */
export interface FileSections {
  readonly top: GatewayFileContent;
  readonly general: NonNullable<GatewayFileContent['general_settings']>;
  readonly litellm: NonNullable<GatewayFileContent['litellm_settings']>;
  readonly router: NonNullable<GatewayFileContent['router_settings']>;
}

/** Sections of a file, or of none. */
export function sectionsOf(file: GatewayFile | undefined): FileSections {
  const top = file?.content ?? {};
  return {
    top,
    general: top.general_settings ?? {},
    litellm: top.litellm_settings ?? {},
    router: top.router_settings ?? {},
  };
}
