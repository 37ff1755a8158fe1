"""The doctor: visits a deployment as portals and clients do, and says what each would understand or lose."""
