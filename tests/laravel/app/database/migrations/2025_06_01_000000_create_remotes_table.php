<?php

use Illuminate\Database\Migrations\Migration;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\Schema;

return new class extends Migration
{
    public function up(): void
    {
        Schema::create('remotes', function (Blueprint $table) {
            $table->id();
            $table->string('name', 191)->unique();
            $table->char('token_hash', 64)->charset('ascii')->collation('ascii_general_ci')->unique();
            $table->boolean('token_revoked')->default(false);
            $table->string('status', 32)->default('Disconnected')->index();
            $table->decimal('battery_level', 5, 2)->nullable();
            $table->timestamp('last_heartbeat_at', 3)->nullable();
            $table->string('last_heartbeat_id', 64)->nullable()->index();
            $table->timestamps(3);
        });
    }

    public function down(): void
    {
        Schema::drop('remotes');
    }
};
