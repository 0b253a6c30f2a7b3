// `pg.native` is null without the package `pg-native`, which is a native addon.
throw Object.assign(new Error("Cannot find module 'pg-native'"), { code: 'MODULE_NOT_FOUND' });
