//! The processes of Sluice and the sandbox: started, armed, killed and waited for.
