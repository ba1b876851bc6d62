@echo off
node "%~dp0main.ts" %*
