// The AAR: the Kotlin layer of ../sdk, the bindings, what is Android's own, and the native library of each ABI that lies in
// src/main/jniLibs. `gradle assembleRelease` makes it, `gradle publishToMavenLocal` puts it where other builds find it.

plugins {
    id("com.android.library") version "8.13.2"
    // As `kotlin.version` in ../pom.xml.
    id("org.jetbrains.kotlin.android") version "2.4.21"
    `maven-publish`
}

group = "app.entwine"
version = "0.1.0"

// What `mvn verify` in .. leaves; made by the generator where it is not there yet.
val made = layout.projectDirectory.dir("../sdk/target")
val bindings = made.dir("generated-sources/bindings")

val makeBindings by tasks.registering(Exec::class) {
    description = "Makes the bindings from the native library, built for this machine"
    commandLine("../native.sh", made.asFile.path)
    onlyIf { !bindings.asFile.exists() }
}

android {
    namespace = "app.entwine.android"
    compileSdk = 36

    defaultConfig {
        minSdk = 26
        consumerProguardFiles("consumer-rules.pro")
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }

    sourceSets.getByName("main") {
        kotlin.setSrcDirs(listOf("src/main/kotlin", "../sdk/src/main/kotlin", bindings.asFile))
        // src/main/jniLibs holds libentwine_sdk.so of each ABI: .github/workflows/release.yml builds them with cargo-ndk.
    }

    // `src/test` is run by Maven (pom.xml).
    sourceSets.getByName("test") {
        kotlin.setSrcDirs(emptyList<String>())
    }

    publishing {
        singleVariant("release") {
            withSourcesJar()
        }
    }
}

kotlin {
    jvmToolchain(17)
}

tasks.withType<org.jetbrains.kotlin.gradle.tasks.KotlinCompile>().configureEach { dependsOn(makeBindings) }
tasks.matching { it.name.endsWith("SourcesJar") }.configureEach { dependsOn(makeBindings) }

// An AAR without the native library would compile in every app and open in none.
val checkLibraries by tasks.registering {
    description = "Looks for the native library of each ABI"
    val libraries = listOf("arm64-v8a", "armeabi-v7a", "x86_64", "x86").map { file("src/main/jniLibs/$it/libentwine_sdk.so") }
    doLast {
        val missing = libraries.filterNot(File::exists)
        check(missing.isEmpty()) { "build these first, with cargo-ndk (README.md): $missing" }
    }
}
tasks.matching { it.name == "bundleReleaseAar" }.configureEach { dependsOn(checkLibraries) }

dependencies {
    // The versions of ../pom.xml. Of JNA the AAR, which carries its own native library for each ABI.
    api("org.jetbrains.kotlinx:kotlinx-coroutines-android:1.11.0")
    implementation("net.java.dev.jna:jna:5.19.1@aar")
}

publishing {
    publications {
        register<MavenPublication>("release") {
            artifactId = "entwine-android"
            afterEvaluate { from(components["release"]) }
            pom {
                name.set("Entwine SDK for Android")
                description.set("A journal and rituals for two, offline first and sealed")
            }
        }
    }
}
