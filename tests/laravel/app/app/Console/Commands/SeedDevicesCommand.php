<?php

namespace App\Console\Commands;

use App\Models\Remote;
use Illuminate\Console\Command;
use Illuminate\Support\Str;

class SeedDevicesCommand extends Command
{
    protected $signature = 'devices:seed
        {count=0 : How many: KIOSK-01, …}
        {--name= : One device of this name}
        {--token-env= : The variable that holds its token}
        {--json : Names and tokens as JSON}';

    protected $description = 'Create kiosk devices with tokens';

    public function handle(): int
    {
        $tokens = $this->option('name')
            ? [$this->option('name') => (string) getenv($this->option('token-env'))]
            : $this->fresh((int) $this->argument('count'));
        foreach ($tokens as $name => $token) {
            Remote::updateOrCreate(['name' => $name], ['token_hash' => Remote::hash($token)]);
        }
        $this->report($tokens);

        return 0;
    }

    /** @return array<string, string> token by name */
    private function fresh(int $count): array
    {
        $names = array_map(fn ($number) => sprintf('KIOSK-%02d', $number), range(1, max(1, $count)));

        return collect($names)->mapWithKeys(fn ($name) => [$name => Str::random(40)])->all();
    }

    private function report(array $tokens): void
    {
        if (! $this->option('json')) {
            $this->line('Seeded '.count($tokens).' devices.');

            return;
        }
        $rows = collect($tokens)->map(fn ($token, $name) => compact('name', 'token'))->values();
        $this->line(json_encode(['devices' => $rows]));
    }
}
