@echo off
node "%~dp0start.mjs" %*
