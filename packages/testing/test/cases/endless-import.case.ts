for (let tries = 0; ; tries++) if (tries < 0) break;

export {};
