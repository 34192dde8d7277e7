<?php

use Illuminate\Database\Migrations\Migration;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\Schema;

/** A column that no code reads or writes any more. */
return new class extends Migration
{
    public function up(): void
    {
        Schema::table('remotes', function (Blueprint $table) {
            $table->string('firmware', 32)->nullable();
        });
    }

    public function down(): void
    {
        Schema::table('remotes', function (Blueprint $table) {
            $table->dropColumn('firmware');
        });
    }
};
